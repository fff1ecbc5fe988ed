// Usage: node graphql_audit.mjs URL [BEARER TOKEN]
// Runs graphql-http's server audits; prints {"total", "must": [...], "should": [...]}: what is not ok, by weight.
import { serverAudits } from "graphql-http";

const [url, token] = process.argv.slice(2);
const authorised = (input, init = {}) =>
  fetch(input, token ? { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } } : init);

const audits = serverAudits({ url, fetchFn: authorised });
const failed = { must: [], should: [] };
for (const audit of audits) {
  const { status, reason } = await audit.fn();
  if (status === "ok") continue;
  failed[audit.name.startsWith("MUST") ? "must" : "should"].push(`${audit.id} ${audit.name}: ${reason}`);
}
console.log(JSON.stringify({ total: audits.length, ...failed }));
