# Builds openapi.yaml, and the page that api/docs_page.py makes of it, into the library.
#   cmake -DOPENAPI=<openapi.yaml> -DDOCS=<docs.html> -DTO=<assets_data.c> -P api/assets.cmake
if(CMAKE_SCRIPT_MODE_FILE)
	set(data "#include \"api/assets.h\"\n\n")
	foreach(name OPENAPI DOCS)
		file(READ ${${name}} hex HEX)
		string(REGEX REPLACE "(..)" "0x\\1," octets "${hex}")
		string(TOLOWER ${name} lower)
		string(APPEND data "const char asset_${lower}[] = {${octets}0};\n")
		string(APPEND data "const size_t asset_${lower}_len = sizeof(asset_${lower}) - 1;\n")
	endforeach()
	file(CONFIGURE OUTPUT ${TO} CONTENT "${data}" @ONLY)
	return()
endif()

# Debian's own interpreter: it is the one that has python3-yaml.
find_program(TRUNKGUARD_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
set(openapi ${CMAKE_SOURCE_DIR}/openapi.yaml)
set(assets ${CMAKE_BINARY_DIR}/assets_data.c)
add_custom_command(OUTPUT ${assets}
	COMMAND ${TRUNKGUARD_PYTHON} ${CMAKE_SOURCE_DIR}/api/docs_page.py ${openapi}
		${CMAKE_BINARY_DIR}/docs.html
	COMMAND ${CMAKE_COMMAND} -DOPENAPI=${openapi} -DDOCS=${CMAKE_BINARY_DIR}/docs.html
		-DTO=${assets} -P ${CMAKE_SOURCE_DIR}/api/assets.cmake
	COMMAND ${CMAKE_COMMAND} -E touch ${assets}
	DEPENDS ${openapi} ${CMAKE_SOURCE_DIR}/api/docs_page.py ${CMAKE_SOURCE_DIR}/api/assets.cmake
	VERBATIM)
target_sources(tg_api PRIVATE ${assets})
set_source_files_properties(${assets} PROPERTIES COMPILE_OPTIONS "-Wno-conversion;-Wno-overflow")
