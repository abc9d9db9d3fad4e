/* Whose certificate is it? RFC 5922 section 7. */
#include <string.h>
#include <strings.h>

#include <openssl/x509v3.h>

#include "core/cidr.h"
#include "sip/tls_impl.h"

/* "sip:example.com", without a user (RFC 5922 7.1). */
static bool is_sip_uri_of(const ASN1_IA5STRING *uri, const char *name)
{
	const char *text = (const char *)ASN1_STRING_get0_data(uri);
	size_t len = (size_t)ASN1_STRING_length(uri), name_len = strlen(name);

	return len == name_len + 4 && strncasecmp(text, "sip:", 4) == 0 &&
	       strncasecmp(text + 4, name, name_len) == 0;
}

static bool has_sip_uri(X509 *certificate, const char *name)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

		found = n->type == GEN_URI && is_sip_uri_of(n->d.uniformResourceIdentifier, name);
	}
	GENERAL_NAMES_free(names);
	return found;
}

bool tls_name_matches(X509 *certificate, const char *name, bool wildcards)
{
	/* A "*" stands for one whole label on the left, as browsers have it. */
	unsigned flags =
		wildcards ? X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS : X509_CHECK_FLAG_NO_WILDCARDS;
	uint8_t octets[16];

	if (!*name)
		return false;
	if (ip_parse(name, strlen(name), octets) == 0)
		return X509_check_ip_asc(certificate, name, 0) == 1;
	return has_sip_uri(certificate, name) ||
	       X509_check_host(certificate, name, strlen(name), flags, NULL) == 1;
}
