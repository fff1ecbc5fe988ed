// Takes events: `node receiver.mjs PORT`, with the subscription's secret in TIPLINE_SECRET. Node 20, no packages.
// Before there is a secret it agrees to be sent events, and takes none. It takes them structured and batched. The third
// mode, binary, has an event's type and case in headers, which no signature covers: it is answered 415.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const secret = process.env.TIPLINE_SECRET ?? "";
const key = Buffer.from(secret.replace("whsec_", ""), "base64");
const seen = new Set(); // Yours is a table: each event comes at least once.

function isOurs(headers, body) {
  const time = headers["webhook-timestamp"];
  const hmac = createHmac("sha256", key).update(`${headers["webhook-id"]}.${time}.`).update(body);
  const ours = Buffer.from(`v1,${hmac.digest("base64")}`);
  const signatures = (headers["webhook-signature"] ?? "").split(" ").map((one) => Buffer.from(one));
  const signed = signatures.some((one) => one.length === ours.length && timingSafeEqual(one, ours));
  return secret !== "" && signed && Math.abs(Date.now() / 1000 - Number(time)) < 300;
}

function keep(event) {
  if (seen.has(event.id)) return;
  console.log(event.type, event.caseid, JSON.stringify(event.data));
  seen.add(event.id);
}

async function answer(request, response) {
  if (request.method === "OPTIONS") { // "May I send you events?"
    const origin = request.headers["webhook-request-origin"] ?? "";
    return response.writeHead(200, { "WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*" }).end();
  }
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (!isOurs(request.headers, body)) return response.writeHead(401).end();
  if (!(request.headers["content-type"] ?? "").startsWith("application/cloudevents")) return response.writeHead(415).end();
  for (const event of [JSON.parse(body)].flat()) keep(event);
  response.writeHead(204).end(); // Not before it is kept: what was answered never comes again.
}

createServer(async (request, response) => {
  try {
    await answer(request, response);
  } catch { // Whoever hung up, or sent what is none.
    response.writeHead(400).end();
  }
}).listen(Number(process.argv[2]), "127.0.0.1");
