// SPDX-License-Identifier: Apache-2.0
#pragma once
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/loop.h"

// A clock that stands still until a test moves it. Wall and monotonic time are the same.
struct fake_clock {
	int64_t now;
	struct clock clock;
};

static inline int64_t fake_now(void *arg)
{
	return ((const struct fake_clock *)arg)->now;
}

static inline void fake_clock_init(struct fake_clock *f)
{
	f->now = 1000000;
	f->clock = (struct clock){.wall_ms = fake_now, .mono_ms = fake_now, .arg = f};
}

// Turns the loop until `condition` holds; the test fails after 5 s of real time.
#define turn_until(loop, condition)                                                                \
	do {                                                                                       \
		int64_t turn_limit = clock_mono_ms(clock_system()) + 5000;                         \
		while (!(condition)) {                                                             \
			assert_true(clock_mono_ms(clock_system()) < turn_limit);                   \
			loop_turn(loop, 20);                                                       \
		}                                                                                  \
	} while (0)

// Lets everything happen that is ready, several times over because one thing readies the next.
static inline void settle(struct loop *l)
{
	for (int i = 0; i < 20; i++)
		loop_turn(l, 2);
}

// A folder with a throwaway CA ("ca.pem"), a server certificate for localhost and 127.0.0.1
// ("cert.pem", "key.pem") and a client's ("client.pem", "client-key.pem"), both of that CA.
struct test_pki {
	char dir[64];
	char ca[96], cert[96], key[96], client[96], client_key[96];
};

static inline void pki_file(const struct test_pki *p, char out[static 96], const char *name)
{
	snprintf(out, 96, "%s/%s", p->dir, name);
}

static inline void pki_make(struct test_pki *p)
{
	static const char script[] =
	        "cd '%s' && exec 2>/dev/null &&"
	        "new() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
	        "-subj \"/CN=$1\" -keyout $2 -out $3; } &&"
	        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
	        "-subj /CN=Test-CA -keyout ca-key.pem -out ca.pem &&"
	        "new localhost key.pem req.pem &&"
	        "printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > ext &&"
	        "openssl x509 -req -in req.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days "
	        "2 "
	        "-extfile ext -out cert.pem &&"
	        "new client client-key.pem creq.pem &&"
	        "openssl x509 -req -in creq.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days "
	        "2 "
	        "-out client.pem";
	char command[1600];
	strcpy(p->dir, "/tmp/holdfast-net-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(command, sizeof(command), script, p->dir);
	assert_int_equal(system(command), 0);
	pki_file(p, p->ca, "ca.pem");
	pki_file(p, p->cert, "cert.pem");
	pki_file(p, p->key, "key.pem");
	pki_file(p, p->client, "client.pem");
	pki_file(p, p->client_key, "client-key.pem");
}

static inline void pki_remove(const struct test_pki *p)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", p->dir);
	assert_int_equal(system(command), 0);
}
