"""Personal values: what they are, and how they are kept where records live for years.

    keys       the keys in force and the ones before them, from the settings
    tokens     a token stands for a value: the same value has the same token, and only the key tells which
    sealing    AES-GCM: values that can be read again by who has the key (needs the extra `archive`)
    personal   which fields are personal, and an alert with tokens in their place
    logs       the same for log lines

What is personal: who somebody is (ids of users, names, documents, e-mail and postal addresses, telephone numbers,
birthdays), where somebody is (coordinates, cities, IP addresses and networks), and what somebody holds (devices,
accounts). Ids of things (events, transactions, remittances, circles, alerts) and countries are not.
"""
