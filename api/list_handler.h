/* Answers with a page of a list: for handlers that set filters of their own. */
#ifndef TRUNKGUARD_API_LIST_HANDLER_H
#define TRUNKGUARD_API_LIST_HANDLER_H

#include "db/resource_list.h"

struct http_request;
struct query;

void list_answer(struct http_request *req, enum list_id id, struct query *q);

#endif
