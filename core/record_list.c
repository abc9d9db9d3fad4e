/* The fields of a record that are lists, and addresses: host|port|transport. */
#include "core/record.h"

#include <errno.h>
#include <string.h>

#include "core/host.h"
#include "core/mem.h"

/* Cuts the next item off a comma list. False at its end. */
static bool list_next(struct str *list, struct str *item)
{
	const char *comma;

	if (!list->p)
		return false;
	comma = list->len ? memchr(list->p, ',', list->len) : NULL;
	*item = str_span(list->p, comma ? comma : list->p + list->len);
	*list = comma ? str_span(comma + 1, list->p + list->len) : (struct str){NULL, 0};
	return true;
}

/* How many items a comma list has; an empty text has none. */
static size_t list_count(struct str list)
{
	size_t count = list.len ? 1 : 0;

	for (size_t i = 0; i < list.len; i++)
		count += list.p[i] == ',';
	return count;
}

/* The next field as a list and its count; \N is as good as ''. False: nothing to read. */
static bool list_field(
	struct record *r, const char *field, size_t max, struct str *list, size_t *count)
{
	bool null;

	*count = 0;
	if (!record_next(r, field, list, &null) || null || !list->len)
		return false;
	*count = list_count(*list);
	if (*count > max)
		record_fail(r, EINVAL, field, "has too many items");
	return !r->err;
}

static void *list_alloc(struct record *r, const char *field, size_t count, size_t size)
{
	void *items = mem_zalloc(count, size);

	if (!items)
		record_fail(r, ENOMEM, field, "finds no memory");
	return items;
}

void record_triggers(struct record *r, const char *field, trigger_set *out, bool *has)
{
	struct str list, item;
	bool null;

	*out = 0;
	*has = false;
	if (!record_next(r, field, &list, &null) || null)
		return;
	*has = true;
	if (!list.len)
		return;
	while (list_next(&list, &item)) {
		int t = record_word_of(item, trigger_parse);

		if (t < 0) {
			record_fail(r, EINVAL, field, "has an unknown trigger");
			return;
		}
		*out = (trigger_set)(*out | TRIGGER_BIT(t));
	}
}

/* Cuts the part before the next '|' off. False when there is none. */
static bool cut(struct str *rest, struct str *part)
{
	const char *bar = rest->len ? memchr(rest->p, '|', rest->len) : NULL;

	if (!bar)
		return false;
	*part = str_span(rest->p, bar);
	*rest = str_span(bar + 1, str_end(*rest));
	return true;
}

static void parse_address(
	struct record *r, const char *field, struct str text, struct sip_address *out)
{
	struct str host, port, transport = text;
	int word;

	if (!cut(&transport, &host) || !cut(&transport, &port)) {
		record_fail(r, EINVAL, field, "is not host|port|transport");
		return;
	}
	word = record_word_of(transport, transport_parse);
	if (word < 0)
		record_fail(r, EINVAL, field, "has an unknown transport");
	else if (host_kind(host.p, host.len) == HOST_INVALID)
		record_fail(r, EINVAL, field, "has a bad host");
	else if (port.len && port_parse(port.p, port.len, &out->port))
		record_fail(r, EINVAL, field, "has a bad port");
	if (r->err)
		return;
	out->transport = (enum transport)word;
	out->host = mem_alloc(host.len + 1);
	if (!out->host) {
		record_fail(r, ENOMEM, field, "finds no memory");
		return;
	}
	memcpy(out->host, host.p, host.len);
	out->host[host.len] = '\0';
}

void record_address(struct record *r, const char *field, struct sip_address *out)
{
	struct str raw;
	bool null;

	if (record_next(r, field, &raw, &null) && !null)
		parse_address(r, field, raw, out);
}

void record_addresses(struct record *r, const char *field, struct sip_address_list *out)
{
	struct str list, item;
	size_t count;

	if (!list_field(r, field, RECORD_ADDRESSES_MAX, &list, &count))
		return;
	out->item = list_alloc(r, field, count, sizeof(*out->item));
	while (!r->err && list_next(&list, &item))
		parse_address(r, field, item, &out->item[out->count++]);
}

void record_cidrs(struct record *r, const char *field, struct cidr_list *out)
{
	struct str list, item;
	size_t count;

	if (!list_field(r, field, RECORD_CIDRS_MAX, &list, &count))
		return;
	out->item = list_alloc(r, field, count, sizeof(*out->item));
	while (!r->err && list_next(&list, &item))
		if (cidr_parse(item.p, item.len, &out->item[out->count++]))
			record_fail(r, EINVAL, field, "has a bad address block");
}

static bool digits_only(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.len <= E164_DIGITS_MAX;
}

void record_prefixes(struct record *r, const char *field, char ***out)
{
	struct str list, item;
	size_t count, text_size;
	char **prefixes, *text;

	if (!list_field(r, field, RECORD_PREFIXES_MAX, &list, &count)) {
		count = 0;
		list = (struct str){NULL, 0};
	}
	if (r->err)
		return;
	text_size = list.len + 1;
	prefixes = list_alloc(r, field, 1, (count + 1) * sizeof(*prefixes) + text_size);
	if (!prefixes)
		return;
	*out = prefixes;
	text = (char *)(prefixes + count + 1);
	while (!r->err && list_next(&list, &item)) {
		if (!digits_only(item))
			record_fail(r, EINVAL, field, "has a bad prefix");
		else if (item.len)
			memcpy(text, item.p, item.len);
		*prefixes++ = text;
		text += item.len + 1;
	}
}
