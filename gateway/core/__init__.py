"""The foundation: settings, database, keys, intake, courier, conversation, events, outbox."""
