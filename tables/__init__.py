"""Every state table: its name, key, value and bound.

    users         user_id       UserState          under 18 KiB (domain/user_state.py)
    circles       circle_id     CircleState        under 512 KiB, 32 of 100 members (domain/circles/observing.py)
    members       user_id       MemberState        under 4 KiB (domain/circles/reliability.py)
    remittances   sender_id     RemittanceState    counts and totals of what one user sends
    compliance    user_id       ComplianceState    under 64 KiB (domain/compliance/state.py)
    movements     user_id␟id    Entry              all that is known of one movement, for the retention
    movement_days user_id␟day   Page               one customer's business day, for the retention
    corridors     USD>HT        CorridorState      what remittances of one corridor usually are
    rates         BASE/QUOTE    RateState          the newest exchange rates of one pair

Tables are named explicitly: renaming a file keeps its state.
"""
