#!/bin/sh
# Asks for the case of an event: `sh case.sh CASEID`, the event's caseid; TIPLINE_URL and TIPLINE_TOKEN as for cases.sh.
# For the whole of it as NIEM the query is: mutation($id: ID!) {
#   exportCase(input: {caseId: $id, format: "niem"}) { document { content } userErrors { message } } }
set -eu
case "${1:-}" in
  "" | *[!0-9a-f]*) echo "usage: sh case.sh CASEID" >&2; exit 2 ;;
esac
curl --silent --show-error --fail-with-body "$TIPLINE_URL/graphql" \
  --header "Authorization: Bearer $TIPLINE_TOKEN" \
  --header "Content-Type: application/json" \
  --data '{"query": "query($id: ID!) { case(id: $id) { number state severity categories school { name } } }",
    "variables": {"id": "'"$1"'"}}'
