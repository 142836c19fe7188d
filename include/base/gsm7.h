// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buf.h"

// How a text travels as SMS (3GPP TS 23.038 §6.2.1, TS 23.040 §9.2.3.24.1).

struct sms_shape {
	bool gsm7; // every character is in GSM 7-bit's default alphabet or its extension; UCS-2
	           // otherwise
	size_t segments; // parts it is cut into, never inside a character
};
struct sms_shape sms_shape(struct bytes text); // well-formed UTF-8
