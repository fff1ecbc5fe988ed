// Takes events: `node receiver.mjs PORT`, with the subscription's secret in TIPLINE_SECRET. Node 20, no packages.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const key = Buffer.from(process.env.TIPLINE_SECRET.replace("whsec_", ""), "base64");
const seen = new Set(); // Yours is a table: each event comes at least once.

const equal = (one, other) => one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

createServer(async (request, response) => {
  const headers = request.headers;
  if (request.method === "OPTIONS") { // "May I send you events?"
    const origin = headers["webhook-request-origin"] ?? "";
    return response.writeHead(200, { "WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*" }).end();
  }
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks), time = headers["webhook-timestamp"];
  const hmac = createHmac("sha256", key).update(`${headers["webhook-id"]}.${time}.`).update(body);
  const ours = `v1,${hmac.digest("base64")}`;
  const signed = (headers["webhook-signature"] ?? "").split(" ").some((one) => equal(ours, one));
  const fresh = Math.abs(Date.now() / 1000 - Number(time)) < 300;
  if (!signed || !fresh) return response.writeHead(401).end();
  response.writeHead(204).end();
  const event = JSON.parse(body);
  if (seen.has(event.id)) return;
  seen.add(event.id);
  console.log(event.type, event.caseid, JSON.stringify(event.data));
}).listen(Number(process.argv[2]), "127.0.0.1");
