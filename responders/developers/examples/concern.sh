#!/bin/sh
# Raises a concern: `sh concern.sh ID SUBJECT SUMMARY`, e.g. `sh concern.sh 7 visit/7 "A visitor showed a gun"`.
# TIPLINE_SOURCE_ADDRESS and TIPLINE_SOURCE_TOKEN are what `tipline sources add` printed. The same id again is the same
# event. What has the same subject goes to the same case. Python writes the JSON, so that words may hold anything.
set -eu
[ $# -eq 3 ] || { echo "usage: sh concern.sh ID SUBJECT SUMMARY" >&2; exit 2; }
event=$(python3 -c 'import json, sys
id, subject, summary = sys.argv[1:]
print(json.dumps({"specversion": "1.0", "type": "org.tipline.inbound.concern.v1", "source": "//desk.example",
    "id": id, "subject": subject, "data": {"summary": summary}}))' "$@")
printf %s "$event" | curl --silent --show-error --fail-with-body "$TIPLINE_SOURCE_ADDRESS" \
  --header "Authorization: Bearer $TIPLINE_SOURCE_TOKEN" \
  --header "Content-Type: application/cloudevents+json" \
  --data-binary @-
