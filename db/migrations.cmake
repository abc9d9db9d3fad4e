# Generates migrations_data.c: the files of db/migrations as octets inside the library, in the order of
# their numbers, so that the programs need no path at run time.
#   cmake -DFROM=<db/migrations> -DTO=<migrations_data.c> -P db/migrations.cmake
if(CMAKE_SCRIPT_MODE_FILE)
	file(GLOB files RELATIVE ${FROM} ${FROM}/*.sql)
	list(SORT files)
	set(data "#include \"db/migrations.h\"\n\n")
	set(table "")
	set(number 0)
	foreach(file ${files})
		math(EXPR number "${number} + 1")
		if(NOT file MATCHES "^([0-9][0-9][0-9][0-9])_[a-z0-9_]+\\.sql$")
			message(FATAL_ERROR "db/migrations/${file}: the name must be like 0001_noun.sql")
		endif()
		math(EXPR found "1${CMAKE_MATCH_1} - 10000")
		if(NOT found EQUAL number)
			message(FATAL_ERROR "db/migrations/${file}: number ${number} is missing")
		endif()
		file(READ ${FROM}/${file} hex HEX)
		string(REGEX REPLACE "(..)" "0x\\1," octets "${hex}")
		string(APPEND data "static const char sql_${number}[] = {${octets}0};\n")
		string(REPLACE ".sql" "" name ${file})
		string(APPEND table "\t{\"${name}\", sql_${number}},\n")
	endforeach()
	string(APPEND data "\nconst struct migration migrations[] = {\n${table}};\n")
	string(APPEND data "const int migrations_count = ${number};\n")
	file(CONFIGURE OUTPUT ${TO} CONTENT "${data}" @ONLY)
	return()
endif()

file(GLOB migrations CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/db/migrations/*.sql)
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/migrations_data.c
	COMMAND ${CMAKE_COMMAND} -DFROM=${CMAKE_SOURCE_DIR}/db/migrations
		-DTO=${CMAKE_BINARY_DIR}/migrations_data.c -P ${CMAKE_SOURCE_DIR}/db/migrations.cmake
	COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/migrations_data.c
	DEPENDS ${migrations} ${CMAKE_SOURCE_DIR}/db/migrations.cmake VERBATIM)
target_sources(tg_db PRIVATE ${CMAKE_BINARY_DIR}/migrations_data.c)
set_source_files_properties(${CMAKE_BINARY_DIR}/migrations_data.c PROPERTIES COMPILE_OPTIONS "-Wno-conversion;-Wno-overflow")
