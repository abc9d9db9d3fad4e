/* The fields of a record that hold a dial plan's steps or a DID's forwardings. */
#include "core/dial_text.h"
#include "core/mem.h"
#include "core/record.h"

enum { DIAL_TEXT_MAX = 256 << 10 };

/* The text, the caller's; NULL: there is none, or the error is noted. */
static char *dial_text(struct record *r, const char *field)
{
	struct str raw;
	bool null;

	if (!record_next(r, field, &raw, &null) || null || !raw.len)
		return NULL;
	return record_unescaped(r, field, raw, DIAL_TEXT_MAX);
}

void record_dial_steps(struct record *r, const char *field, struct dial_steps *out)
{
	char *text = dial_text(r, field);
	const char *wrong;
	int err;

	if (!text)
		return;
	err = dial_steps_read(text, out, &wrong);
	if (err)
		record_fail(r, err, field, wrong);
	mem_free(text);
}

void record_forwardings(
	struct record *r, const char *field, struct forwarding **out, uint16_t *count)
{
	char *text = dial_text(r, field);
	const char *wrong;
	int err;

	if (!text)
		return;
	err = forwardings_read(text, out, count, &wrong);
	if (err)
		record_fail(r, err, field, wrong);
	mem_free(text);
}
