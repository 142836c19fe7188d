// SPDX-License-Identifier: Apache-2.0
// Signs webhooks with Twilio's own SDK. Each line on stdin is {"url", "token", "params"}, params an object whose values
// are strings or lists of strings; each line on stdout is {"signature"} or {"error"}, in the same order.
"use strict";
const readline = require("node:readline");
const { getExpectedTwilioSignature } = require("twilio/lib/webhooks/webhooks");

function answer(line) {
	try {
		const { url, token, params } = JSON.parse(line);
		return { signature: getExpectedTwilioSignature(token, url, params) };
	} catch (error) {
		return { error: String(error) };
	}
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
	process.stdout.write(JSON.stringify(answer(line)) + "\n");
});
