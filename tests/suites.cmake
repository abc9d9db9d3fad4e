# What is no libcheck program: the linters, the layer check, the end-to-end suites, and the
# PostgreSQL that some suites share.

# One throw-away cluster for the suites that need one, started once and removed at the end. Its
# name comes from the build directory, so that several builds can be tested at the same time.
string(SHA1 postgres_hash "${CMAKE_BINARY_DIR}")
string(SUBSTRING "${postgres_hash}" 0 10 postgres_hash)
set(postgres_dir /tmp/trunkguard-test-${postgres_hash})
add_test(NAME postgres_up COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/postgres up ${postgres_dir})
add_test(NAME postgres_down COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/postgres down ${postgres_dir})
set_tests_properties(postgres_up PROPERTIES FIXTURES_SETUP postgres TIMEOUT 120 ENVIRONMENT "BUILD=${CMAKE_BINARY_DIR}")
set_tests_properties(postgres_down PROPERTIES FIXTURES_CLEANUP postgres TIMEOUT 120)

# As pg_virtualenv does it: the superuser's connection is in libpq's own variables.
function(needs_postgres)
	set_tests_properties(${ARGN} PROPERTIES FIXTURES_REQUIRED postgres ENVIRONMENT
		"PGHOST=${postgres_dir}/socket;PGUSER=postgres;PGDATABASE=postgres")
endfunction()
get_property(postgres_tests DIRECTORY PROPERTY TESTS)
list(FILTER postgres_tests INCLUDE REGEX "^(db|api)_|^sip_(commander|feed|recorder)")
if(postgres_tests)
	needs_postgres(${postgres_tests})
endif()

add_test(NAME layers COMMAND /usr/bin/python3 layers/layers.py WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
add_test(NAME layers_self_test COMMAND /usr/bin/python3 layers/layers.py --self-test
	WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
set_tests_properties(layers layers_self_test PROPERTIES LABELS lint TIMEOUT 60)
foreach(name format shell cppcheck docker openapi)
	add_test(NAME lint_${name} COMMAND ${CMAKE_SOURCE_DIR}/scripts/lint ${name})
	set_tests_properties(lint_${name} PROPERTIES LABELS lint TIMEOUT 600
		ENVIRONMENT "BUILD=${CMAKE_BINARY_DIR}")
endforeach()

# clang's warnings, beside the tests: with one compiler at a time, for some of them look at the clock.
add_test(NAME clang COMMAND ${CMAKE_SOURCE_DIR}/scripts/build ${CMAKE_BINARY_DIR}/clang
	-DCMAKE_C_COMPILER=clang-14 -DTRUNKGUARD_WARNINGS=ON
	-DCMAKE_JOB_POOLS=one=1 -DCMAKE_JOB_POOL_COMPILE=one -- all)
set_tests_properties(clang PROPERTIES LABELS lint TIMEOUT 600)

# The API against a PostgreSQL of its own.
set(api_suites "resources destination drills lists auth rate contract statuses docs portal_day program" "mass" "dial_plans" "events webhooks" "idempotency" "import_export configuration" "wait outage" "http json")
foreach(suite ${api_suites})
	string(REPLACE " " "_" name "${suite}")
	string(REGEX REPLACE "([a-z_]+)" "${CMAKE_CURRENT_SOURCE_DIR}/api/test_\\1.py" files "${suite}")
	separate_arguments(files)
	add_test(NAME http_${name} COMMAND /usr/bin/python3 -m pytest -q -p no:cacheprovider ${files})
	set_tests_properties(http_${name} PROPERTIES LABELS api TIMEOUT 900
		ENVIRONMENT "BUILD=${CMAKE_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1")
endforeach()

# End to end: whole systems on loopback with SIPp, baresip and a peer of our own.
set(e2e_suites
	dial_plan
	bulk
	dialogs
	dns
	harness
	failover
	fire_drill
	gateway_registration
	forwarding
	ha
	identity
	ipv6
	limits
	live
	outage
	outbound
	registration
	run
	safety
	strangers
	tls
	torture
	trunking_servers
	worker_events)
foreach(name ${e2e_suites})
	add_test(NAME e2e_${name} COMMAND /usr/bin/python3 -m pytest -q -p no:cacheprovider
		${CMAKE_CURRENT_SOURCE_DIR}/e2e/test_${name}.py)
	set_tests_properties(e2e_${name} PROPERTIES LABELS e2e TIMEOUT 900
		ENVIRONMENT "BUILD=${CMAKE_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1")
endforeach()

# What all of them together have seen of openapi.yaml.
string(REPLACE ";" " " contract_suites "${api_suites}")
separate_arguments(contract_suites)
list(TRANSFORM contract_suites PREPEND test_)
set(contract_tests ${e2e_suites})
list(TRANSFORM contract_tests PREPEND e2e_)
foreach(suite ${api_suites})
	string(REPLACE " " "_" name "${suite}")
	list(APPEND contract_tests http_${name})
endforeach()
set(contract_e2e ${e2e_suites})
list(REMOVE_ITEM contract_e2e harness run)
list(TRANSFORM contract_e2e PREPEND test_)
add_test(NAME contract_coverage COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/contract/coverage.py
	${CMAKE_BINARY_DIR} ${contract_suites} ${contract_e2e})
set_tests_properties(contract_coverage PROPERTIES LABELS api TIMEOUT 60 SKIP_RETURN_CODE 77
	DEPENDS "${contract_tests}")

# The longest first, lest one of them runs alone at the end.
set(longest e2e_run clang e2e_ha http_http_json http_mass http_import_export_configuration
	http_resources_destination_drills_lists_auth_rate_contract_statuses_docs_portal_day_program
	e2e_outbound e2e_failover e2e_live e2e_dial_plan sip_feed sip_recorder http_events_webhooks e2e_forwarding
	e2e_dialogs e2e_outage sip_feed_stress lint_cppcheck http_dial_plans e2e_gateway_registration)
set(cost 100)
foreach(name ${longest})
	set_tests_properties(${name} PROPERTIES COST ${cost})
	math(EXPR cost "${cost} - 1")
endforeach()
