// The same edition by nodemailer: its own pool, each message given whole, so that it builds none.
//
// usage: node with_nodemailer.cjs PORT COUNT CONNECTIONS TEMPLATE
//
// The template is a whole message in which %%NAME%% and %%ADDRESS%% are replaced for each member.
"use strict";

const { readFileSync } = require("node:fs");
const nodemailer = require("nodemailer");

const [port, count, connections] = process.argv.slice(2, 5).map(Number);
const template = readFileSync(process.argv[5], "utf8");

const pool = nodemailer.createTransport({
  pool: true,
  maxConnections: connections,
  maxMessages: Infinity,
  host: "127.0.0.1",
  port,
  secure: false,
  ignoreTLS: true,
});

async function sendShare(first) {
  for (let number = first; number < count; number += connections) {
    const to = `member.${number}@schools.example.org`;
    const raw = template.replaceAll("%%ADDRESS%%", to).replaceAll("%%NAME%%", `Member ${number}`);
    await pool.sendMail({ envelope: { from: "news@example.org", to }, raw });
  }
}

Promise.all(Array.from({ length: connections }, (_, first) => sendShare(first))).then(
  () => pool.close(),
  (fault) => {
    console.error(fault);
    process.exit(1);
  },
);
