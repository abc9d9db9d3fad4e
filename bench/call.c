#include "bench/call.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct call *call_make(struct load *load)
{
	struct call **calls;
	struct call *call;

	if (!(load->slots & (load->slots + 1))) {
		calls = realloc(load->calls, (2 * (size_t)load->slots + 2) * sizeof(*calls));
		if (!calls)
			return NULL;
		load->calls = calls;
	}
	call = calloc(1, sizeof(*call));
	if (!call)
		return NULL;
	call->load = load;
	call->slot = load->slots;
	load->calls[load->slots++] = call;
	return call;
}

struct call *call_new(struct load *load)
{
	struct call *call = load->spare;

	if (call)
		load->spare = call->next_spare;
	else
		call = call_make(load);
	if (!call)
		return NULL;
	call->serial = ++load->serials;
	call->rang = false;
	call->pbx = PBX_IDLE;
	call->pbx_ns = 0;
	memset(call->reached, 0, sizeof(call->reached));
	load->live++;
	return call;
}

void call_free(struct call *call)
{
	timer_stop(&call->carrier_timer);
	timer_stop(&call->pbx_timer);
	call->serial = 0;
	call->next_spare = call->load->spare;
	call->load->spare = call;
	call->load->live--;
}

void load_free_calls(struct load *load)
{
	for (uint32_t slot = 0; slot < load->slots; slot++)
		free(load->calls[slot]);
	free(load->calls);
}

static bool hex_read(const char *at, uint32_t *number)
{
	*number = 0;
	for (int i = 0; i < 8; i++) {
		char c = at[i];

		if (c >= '0' && c <= '9')
			*number = *number << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*number = *number << 4 | (uint32_t)(c - 'a' + 10);
		else
			return false;
	}
	return true;
}

void put_identity(struct writer *out, const struct call *call)
{
	put_hex(out, call->load->run);
	put_hex(out, call->slot);
	put_hex(out, call->serial);
}

struct call *call_find(struct load *load, struct text call_id)
{
	uint32_t run, slot, serial;

	if (call_id.len < 24 || !hex_read(call_id.at, &run) || !hex_read(call_id.at + 8, &slot) ||
		!hex_read(call_id.at + 16, &serial))
		return NULL;
	if (run != load->run || slot >= load->slots || !serial)
		return NULL;
	return load->calls[slot]->serial == serial ? load->calls[slot] : NULL;
}

void load_wrong(struct load *load, const char *why, const struct datagram *datagram)
{
	if (!load->figures.wrong++)
		fprintf(stderr, "loadgen: %s:\n%.*s\n", why, (int)datagram->data.len,
			datagram->data.at);
}
