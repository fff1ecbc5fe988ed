"""Common Alerting Protocol 1.2: build an alert, check it, write it, sign it, read it back.

Build. `scenarios` gives infos in English and Spanish from a template; everything else is a plain frozen value:

    when = cap.moment(clock(), "America/Denver")                    # whole seconds, with the district's offset
    facts = cap.Facts(school="Lincoln High", place="the whole campus", sender_name="District 7", ...)
    alert = cap.Alert(
        identifier=cap.new_identifier("2026-0014"), sender="alerts@district7.example", sent=when,
        status=cap.Status.ACTUAL, msg_type=cap.MsgType.ALERT, scope=cap.Scope.PUBLIC, codes=(cap.IPAWS,),
        infos=cap.scenarios.infos("lockdown", facts, status=cap.Status.ACTUAL, sent=when, areas=(area,)),
    )
    area = cap.Area(area_desc="Lincoln High", polygons=(cap.polygon("39.1,-105.1 39.1,-105.0 39.2,-105.0 39.1,-105.1"),))

Check. `check` gives findings, each with the element's path, a code, a sentence, and whether it is an error or advice:

    cap.check(alert)                       # CAP 1.2: all that its schema does not hold
    cap.ipaws.check(alert)                 # the IPAWS profile; `cap.wea.check(alert)` the texts for phones
    cap.privacy.check(alert, "US")         # a reporter's own name or number slipped into a text
    cap.history.check(alert, before, now)  # references: unknown, expired, cancelled, missing; identifiers used twice
    cap.refuse(findings)                   # raises `Refused` when one of them is an error

Follow up. `cap.history.update`, `cancel` and `all_clear` make the next message, naming every unexpired one.

Write and read. `render` refuses what `check` refuses; `read` takes bytes from anyone and raises `Unreadable`:

    document = cap.render(alert)           # bytes of `cap.CONTENT_TYPE`
    cap.read(document) == alert            # a signature is left aside: to trust it, use `verify`

Sign. Keys come as PEM, from whoever holds them:

    signed = cap.sign(document, key_pem, certificate_pem)
    cap.verify(signed, [certificate_pem])  # the alert that was signed, or `Forged`

Nothing here knows the database, a clock or the network, and nothing here posts to IPAWS.
"""
