"""Alerts: what Trebanx, the console and the officers learn of a decision about a user, and of a circle's tier.

Schemas: `fraud-alert`, `ato-alert`, `tier-change`, `compliance-alert` and `edd-trigger` in `schemas/outbound`. An alert
depends on the decision and the event alone; its id is made of what was assessed, the user or circle and the event (in
compliance: what is assessed as one, such as a business day), so that a replay sends the same alert, not a second one.

    common       ids, findings, and how alerts are written
    fraud        a risky transaction, or logins that come too fast
    takeover     somebody is perhaps not who they seem
    tier         a circle has become healthier, or less so
    compliance   what officers have to look at, with all the evidence
    diligence    a customer's risk has become high or more
"""

from lakay_streams.contracts.alerts.common import AlertFinding, alert_id, encode
from lakay_streams.contracts.alerts.compliance import (
    ComplianceAlert,
    ComplianceEvidence,
    ComplianceTotals,
    MovementEvidence,
    compliance_alert,
    decode_compliance,
)
from lakay_streams.contracts.alerts.diligence import EddTrigger, RiskFactor, decode_edd, edd_trigger
from lakay_streams.contracts.alerts.fraud import LOGIN_VELOCITY, TRANSACTION_RISK, FraudAlert, decode_fraud, fraud_alert
from lakay_streams.contracts.alerts.takeover import AtoAlert, ato_alert, decode_ato
from lakay_streams.contracts.alerts.tier import TIER_CHANGE, CircleTierChange, decode_tier_change, tier_change

__all__ = [
    "LOGIN_VELOCITY",
    "TIER_CHANGE",
    "TRANSACTION_RISK",
    "AlertFinding",
    "AtoAlert",
    "CircleTierChange",
    "ComplianceAlert",
    "ComplianceEvidence",
    "ComplianceTotals",
    "EddTrigger",
    "FraudAlert",
    "MovementEvidence",
    "RiskFactor",
    "alert_id",
    "ato_alert",
    "compliance_alert",
    "decode_ato",
    "decode_compliance",
    "decode_edd",
    "decode_fraud",
    "decode_tier_change",
    "edd_trigger",
    "encode",
    "fraud_alert",
    "tier_change",
]
