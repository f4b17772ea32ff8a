"""Countries as producers write them, and coordinates that are no place at all but a country's stand-in.

A geolocation service that knows of an address only the country tells a point in the middle of it (or of its capital),
to four decimals or fewer. Taken for a place, it would put a user into a lake in Kansas, and the next precise sighting
would be an impossible journey. The tables hold those points as they are published, and only exactly such coordinates
are told apart: no telephone stands on one of them, and nobody nearby loses a place.
"""

from __future__ import annotations

_CODES = """
    ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE BABIH BBBRB BDBGD
    BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN
    CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU
    DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB
    GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG
    HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN
    KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU
    LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR
    MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL
    OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB
    RURUS RWRWA SASAU SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP
    SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON TRTUR TTTTO TVTUV TWTWN
    TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF
    ZMZMB ZWZWE
"""
"""ISO 3166-1 alpha-2 and alpha-3, as of 2024."""

_ALIASES = {"UK": "GB", "EL": "GR", "XK": "XK", "XKX": "XK"}
"""Codes beside ISO's that mean one country: the European Union's for two, and Kosovo's, which ISO leaves to users.

Others mean none: XX, ZZ and O1 are unknown, T1 is Tor (Cloudflare), A1 a proxy and A2 a satellite (MaxMind), EU and AP
are regions (MaxMind, ARIN).
"""

_MIDDLES = """
    42.5,1.5 24,54 33,65 17.05,-61.8 18.25,-63.1667 41,20 40,45 -12.5,18.5 -90,0 -34,-64 -14.3333,-170 47.3333,13.3333
    -27,133 12.5,-69.9667 40.5,47.5 44,18 13.1667,-59.5333 24,90 50.8333,4 13,-2 43,25 26,50.55 -3.5,30 9.5,2.25
    32.3333,-64.75 4.5,114.6667 -17,-65 12.25,-68.75 -10,-55 24.25,-76 27.5,90.5 -54.4333,3.4 -22,24 53,28
    17.25,-88.75 60,-95 -12.5,96.8333 0,25 7,21 -1,15 47,8 8,-5 -21.2333,-159.7667 -30,-71 6,12 35,105 4,-72 10,-84
    21.5,-80 16,-24 -10.5,105.6667 35,33 49.75,15.5 51,9 11.5,43 56,10 15.4167,-61.3333 19,-70.6667 28,3 -2,-77.5
    59,26 27,30 24.5,-13 15,39 40,-4 8,38 64,26 -18,175 -51.75,-59 6.9167,158.25 62,-7 46,2 -1,11.75 54,-2
    12.1167,-61.6667 42,43.5 4,-53 8,-2 36.1833,-5.3667 72,-40 13.4667,-16.5667 11,-10 16.25,-61.5833 2,10 39,22
    -54.5,-37 15.5,-90.25 13.4667,144.7833 12,-15 5,-59 22.25,114.1667 -53.1,72.5167 15,-86.5 45.1667,15.5 19,-72.4167
    47,20 -5,120 53,-8 31.5,34.75 20,77 -6,71.5 33,44 32,53 65,-18 42.8333,12.8333 18.25,-77.5 31,36 36,138 1,38 41,75
    13,105 1.4167,173 -12.1667,44.25 17.3333,-62.75 40,127 37,127.5 29.3375,47.6581 19.5,-80.5 48,68 18,105
    33.8333,35.8333 13.8833,-61.1333 47.1667,9.5333 7,81 6.5,-9.5 -29.5,28.5 56,24 49.75,6.1667 57,25 25,17 32,-5
    43.7333,7.4 47,29 42,19 -20,47 9,168 41.8333,22 17,-4 22,98 46,105 22.1667,113.55 15.2,145.75 14.6667,-61 20,-12
    16.75,-62.2 35.8333,14.5833 -20.2833,57.55 3.25,73 -13.5,34 23,-102 2.5,112.5 -18.25,35 -22,17 -21.5,165.5 16,8
    -29.0333,167.95 10,8 13,-85 52.5,5.75 62,10 28,84 -0.5333,166.9167 -19.0333,-169.8667 -41,174 21,57 9,-80 -10,-76
    -15,-140 -6,147 13,122 30,70 52,20 46.8333,-56.3333 18.25,-66.5 32,35.25 39.5,-8 7.5,134.5 -23,-58 25.5,51.25
    -21.1,55.6 46,25 44,21 60,100 -2,30 25,45 -8,159 -4.5833,55.6667 15,30 62,15 1.3667,103.8 -15.9333,-5.7 46,15
    78,20 48.6667,19.5 8.5,-11.5 43.7667,12.4167 14,-14 10,49 4,-56 1,7 13.8333,-88.9167 35,38 -26.5,31.5
    21.75,-71.5833 15,19 -43,67 8,1.1667 15,100 39,71 -9,-172 40,60 34,9 -20,-175 39,35 11,-61 -8,178 23.5,121 -6,35
    49,32 1,32 19.2833,166.6 38,-97 -33,-56 41,64 41.9,12.45 13.25,-61.2 8,-66 18.5,-64.5 18.3333,-64.8333 16,106
    -16,167 -13.3,-176.2 -13.5833,-172.3333 15,48 -12.8333,45.1667 -29,24 -15,30 -20,30
"""
"""Degrees north and east of each country's middle, in the order of its code.

As in MaxMind's average latitudes and longitudes of countries, which are those of the CIA World Factbook; many services
use them.
"""

_OTHER_MIDDLES = """
    37.751,-97.822 43.6319,-79.3716 48.8582,2.3387 51.4964,-0.1224 51.2993,9.491
    18.971187,-72.285215 18.735693,-70.162651 37.09024,-95.712891 56.130366,-106.346771 46.227638,2.213749
    25.03428,-77.39628 21.694025,-71.797928 18.220833,-66.590149 23.634501,-102.552784 -14.235004,-51.92528
    -35.675147,-71.542969 18.109581,-77.297508 55.378051,-3.435973 21.521757,-77.781167 16.265,-61.551
    10.691803,-61.222503 8.537981,-80.782127
"""
"""What MaxMind's databases tell since 2016 for the US, Canada, France, Great Britain and Germany; and from Google's
public countries.csv the middles of the countries between which most of Trebanx's money moves.
"""

_NULL_ISLAND_DEGREES = 0.1
"""About 11 km of open sea around 0, 0, which stands for "not set"; the nearest land is 600 km away."""


def _names() -> dict[str, str]:
    codes = {}
    for pair in _CODES.split():
        codes[pair[:2]] = codes[pair[2:]] = pair[:2]
    codes |= _ALIASES
    return codes | {name.lower(): code for name, code in codes.items()}


def _middles() -> frozenset[tuple[float, float]]:
    pairs = (point.split(",") for point in (_MIDDLES + _OTHER_MIDDLES).split())
    return frozenset((float(latitude), float(longitude)) for latitude, longitude in pairs)


CODE_OF = _names()
"""What a country is called, in capitals or small letters, to its ISO 3166-1 alpha-2 code."""

MIDDLES = _middles()
"""Coordinates that mean "somewhere in this country"."""


def is_no_place(latitude: float, longitude: float) -> bool:
    """Whether coordinates stand for "not set", or for a whole country."""
    if (
        -_NULL_ISLAND_DEGREES < latitude < _NULL_ISLAND_DEGREES
        and -_NULL_ISLAND_DEGREES < longitude < _NULL_ISLAND_DEGREES
    ):
        return True
    return (latitude, longitude) in MIDDLES
