// Solves a puzzle beside the page: finds n such that SHA-256 of "<challenge>:<n>" begins with as many zero bits as it asks.
"use strict";

addEventListener("message", async ({ data: challenge }) => {
  const bits = Number(challenge.split(".")[1]), text = new TextEncoder();
  for (let n = 0; ; n++) {
    const hash = new DataView(await crypto.subtle.digest("SHA-256", text.encode(`${challenge}:${n}`)));
    if (Math.clz32(hash.getUint32(0)) >= bits) {
      postMessage(String(n));
      close();
      return;
    }
  }
});
