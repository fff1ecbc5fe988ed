// Lighthouse judges one page as a phone sees it: node lighthouse_audit.mjs URL CHROMIUM
// Answers {"scores": {category: 0..100}, "failed": [audit ids below 1 in those categories], "fault": null or why it could not}.
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const [url, chromePath] = process.argv.slice(2);
const CATEGORIES = ["accessibility", "best-practices", "performance"];
// Its sandbox does not run as root, as CI does; nothing but our own pages is opened.
const chrome = await launch({ chromePath, chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu"] });
try {
  const options = { port: chrome.port, onlyCategories: CATEGORIES, logLevel: "silent", output: "json" };
  let lhr = (await lighthouse(url, options)).lhr;
  // A busy machine can keep it from looking at all; it says so itself, and asks to be run again.
  for (let again = 0; lhr.runtimeError && again < 2; again++) lhr = (await lighthouse(url, options)).lhr;
  const scores = Object.fromEntries(CATEGORIES.map((name) => [name, Math.round(lhr.categories[name].score * 100)]));
  const failed = Object.values(lhr.audits).filter((one) => one.score !== null && one.score < 1).map((one) => one.id);
  console.log(JSON.stringify({ scores, failed, fault: lhr.runtimeError?.message ?? null }));
} finally {
  await chrome.kill();
}
