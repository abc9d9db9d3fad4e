#include "bench/message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

bool text_is(struct text text, const char *str)
{
	return text.len == strlen(str) && !memcmp(text.at, str, text.len);
}

static struct text text_trim(struct text text)
{
	while (text.len && (*text.at == ' ' || *text.at == '\t')) {
		text.at++;
		text.len--;
	}
	while (text.len && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
		text.len--;
	return text;
}

static int text_number(struct text text)
{
	int number = 0;

	if (!text.len || text.len > 6)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return -1;
		number = number * 10 + text.at[i] - '0';
	}
	return number;
}

/* The piece before the first such character, which is cut off together with it; all when there is none. */
static struct text text_cut(struct text *rest, char stop)
{
	const char *end = memchr(rest->at, stop, rest->len);
	struct text piece = {rest->at, end ? (size_t)(end - rest->at) : rest->len};
	size_t used = end ? piece.len + 1 : piece.len;

	rest->at += used;
	rest->len -= used;
	return piece;
}

static bool name_is(struct text name, const char *longer, char shorter)
{
	if (name.len == 1)
		return (name.at[0] | 0x20) == shorter;
	return name.len == strlen(longer) && !strncasecmp(name.at, longer, name.len);
}

static int lines_add(struct lines *lines, struct text value)
{
	if (lines->count == MESSAGE_LINES)
		return EINVAL;
	lines->line[lines->count++] = value;
	return 0;
}

static int start_line_read(struct message *message, struct text line)
{
	struct text first = text_cut(&line, ' ');
	struct text second = text_cut(&line, ' ');

	if (text_is(first, "SIP/2.0")) {
		message->status = text_number(second);
		return message->status >= 100 && message->status <= 699 ? 0 : EINVAL;
	}
	message->method = first;
	message->uri = second;
	return text_is(line, "SIP/2.0") ? 0 : EINVAL;
}

static int header_read(struct message *message, struct text line, int *content_length)
{
	struct text name = text_trim(text_cut(&line, ':'));
	struct text value = text_trim(line);

	if (name_is(name, "via", 'v'))
		return lines_add(&message->via, value);
	if (name_is(name, "record-route", 0))
		return lines_add(&message->record_route, value);
	if (name_is(name, "from", 'f'))
		message->from = value;
	else if (name_is(name, "to", 't'))
		message->to = value;
	else if (name_is(name, "call-id", 'i'))
		message->call_id = value;
	else if (name_is(name, "cseq", 0))
		message->cseq = value;
	else if (name_is(name, "contact", 'm'))
		message->contact = value;
	else if (name_is(name, "route", 0))
		message->has_route = true;
	else if (name_is(name, "max-forwards", 0))
		message->max_forwards = text_number(value);
	else if (name_is(name, "content-length", 'l'))
		*content_length = text_number(value);
	return 0;
}

int message_read(struct message *message, const char *data, size_t len)
{
	struct text rest = {data, len};
	int content_length = -1;
	bool start = true;

	memset(message, 0, sizeof(*message));
	message->max_forwards = -1;
	for (;;) {
		struct text line = text_cut(&rest, '\n');

		if (!line.len || line.at[line.len - 1] != '\r')
			return EINVAL;
		line.len--;
		if (!line.len)
			break;
		if (start ? start_line_read(message, line)
			  : header_read(message, line, &content_length))
			return EINVAL;
		start = false;
	}
	message->body = rest;
	if (content_length >= 0 && (size_t)content_length != rest.len)
		return EINVAL;
	if (!message->via.count || !message->from.len || !message->to.len || !message->call_id.len)
		return EINVAL;
	if (message->status) {
		struct text method = message->cseq;

		text_cut(&method, ' ');
		message->method = text_trim(method);
	}
	return message->method.len ? 0 : EINVAL;
}

struct text value_uri(struct text value)
{
	const char *open = memchr(value.at, '<', value.len);
	struct text uri = value;

	if (!open)
		return text_trim(text_cut(&uri, ';'));
	uri.at = open + 1;
	uri.len = value.len - (size_t)(uri.at - value.at);
	return text_cut(&uri, '>');
}

struct text value_tag(struct text value)
{
	const char *close = memchr(value.at, '>', value.len);
	struct text rest = value;

	if (close) {
		rest.at = close;
		rest.len = value.len - (size_t)(close - value.at);
	}
	text_cut(&rest, ';');
	while (rest.len) {
		struct text param = text_cut(&rest, ';');

		if (param.len > 4 && !strncasecmp(param.at, "tag=", 4))
			return (struct text){param.at + 4, param.len - 4};
	}
	return (struct text){value.at, 0};
}

struct text uri_user(struct text uri)
{
	struct text rest = uri;
	struct text user;

	text_cut(&rest, ':');
	user = text_cut(&rest, '@');
	return rest.len ? text_cut(&user, ';') : (struct text){uri.at, 0};
}

int host_address(struct text host_port, struct sockaddr_in *address)
{
	struct text rest = host_port;
	struct text host = text_cut(&rest, ':');
	int port = rest.len ? text_number(rest) : 5060;
	char name[INET_ADDRSTRLEN];

	if (host.len >= sizeof(name) || port <= 0 || port > 65535)
		return EINVAL;
	memcpy(name, host.at, host.len);
	name[host.len] = '\0';
	memset(address, 0, sizeof(*address));
	address->sin_family = AF_INET;
	address->sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, name, &address->sin_addr) == 1 ? 0 : EINVAL;
}

int uri_address(struct text uri, struct sockaddr_in *address)
{
	struct text rest = uri;

	text_cut(&rest, ':');
	if (memchr(rest.at, '@', rest.len))
		text_cut(&rest, '@');
	return host_address(text_cut(&rest, ';'), address);
}

struct text via_sent_by(struct text via)
{
	text_cut(&via, ' ');
	return text_trim(text_cut(&via, ';'));
}

bool value_next(struct text *rest, struct text *value)
{
	bool inside = false;
	size_t i;

	if (!rest->len)
		return false;
	for (i = 0; i < rest->len; i++) {
		if (rest->at[i] == '<')
			inside = true;
		else if (rest->at[i] == '>')
			inside = false;
		else if (rest->at[i] == ',' && !inside)
			break;
	}
	*value = text_trim((struct text){rest->at, i});
	if (i < rest->len)
		i++;
	rest->at += i;
	rest->len -= i;
	return true;
}
