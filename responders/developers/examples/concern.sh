#!/bin/sh
# Raises a concern: `sh concern.sh ID SUMMARY`, without quotes in it; TIPLINE_ADDRESS and TIPLINE_TOKEN are what `tipline sources add` printed.
# The same id again is the same event. What has the same subject goes to the same case.
set -eu
curl --silent --show-error --fail "$TIPLINE_ADDRESS" \
  --header "Authorization: Bearer $TIPLINE_TOKEN" \
  --header "Content-Type: application/cloudevents+json" \
  --data "{\"specversion\": \"1.0\", \"type\": \"org.tipline.inbound.concern.v1\", \"source\": \"//desk.example\",
    \"id\": \"$1\", \"subject\": \"visit/$1\", \"data\": {\"summary\": \"$2\"}}"
