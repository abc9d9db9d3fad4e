/* How an attempt's target is written in the explain endpoint and in call records:
 *
 *   sip_account   trk_0190163d-8694-739b-aea5-966c26f8ad91/primary
 *   backup_pbx    sip:backup.example:5060;transport=udp   (no port: found by DNS)
 *   peer          sip:192.0.2.9:5060;transport=udp
 *   number        +14155550100, or an emergency number: 911
 *   sip_uri       sip:desk@pbx.example;transport=tcp
 *   media         sip:ivr@media.example:5060;transport=udp
 *   reject        486 Busy Here                           (the usual reason is left out)
 *   loop          +14155550100, or an internal number
 *
 * What belongs to another account is written as the number of it that was called. */
#ifndef TRUNKGUARD_CORE_ATTEMPT_TARGET_H
#define TRUNKGUARD_CORE_ATTEMPT_TARGET_H

#include "core/plan.h"

enum { ATTEMPT_TARGET_SIZE = PLAN_HOST_MAX + 130 };

void attempt_target(const struct attempt *attempt, char out[ATTEMPT_TARGET_SIZE]);

#endif
