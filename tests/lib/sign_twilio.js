// SPDX-License-Identifier: Apache-2.0
// Signs webhooks by Twilio's own SDK: one JSON object a line in, its signature a line out.
'use strict';
const {createHash} = require('crypto');
const querystring = require('querystring');
const readline = require('readline');
const {getExpectedTwilioSignature, getExpectedBodyHash} = require('twilio/lib/webhooks/webhooks');

readline.createInterface({input: process.stdin}).on('line', (line) => {
	const {token, url, body, form} = JSON.parse(line);
	if (form) {
		console.log(getExpectedTwilioSignature(token, url, {...querystring.parse(body)}));
		return;
	}
	const hash = getExpectedBodyHash ? getExpectedBodyHash(body) : createHash('sha256').update(body).digest('hex');
	const signed = `${url}${url.includes('?') ? '&' : '?'}bodySHA256=${hash}`;
	console.log(JSON.stringify({url: signed, signature: getExpectedTwilioSignature(token, signed, {})}));
});
