#!/bin/sh
# Lists the most urgent open cases: TIPLINE_URL is the console's address, TIPLINE_TOKEN a token with the scope cases:read.
set -eu
curl --silent --show-error --fail-with-body "$TIPLINE_URL/graphql" \
  --header "Authorization: Bearer $TIPLINE_TOKEN" \
  --header "Content-Type: application/json" \
  --data '{"query": "{ cases(first: 20, states: [NEW, ACKNOWLEDGED, IN_PROGRESS]) { edges { node { number state severity school { name } } } } }"}'
