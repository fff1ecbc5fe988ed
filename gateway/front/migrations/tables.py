"""Every table there is: importing the modules that declare them fills the one metadata."""

from __future__ import annotations

import gateway.core.log_notes
import gateway.core.media.records
import gateway.core.records
import responders.accounts.records
import responders.asking.records
import responders.cases.records
import responders.directory.records
import responders.escalation.records
import responders.linking.records
import responders.paging.records
import responders.retention.records
import responders.subscriptions.records
import responders.tuning.records  # noqa: F401 - imported for the tables it declares

METADATA = gateway.core.records.Base.metadata
