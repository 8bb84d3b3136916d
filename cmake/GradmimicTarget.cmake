# The library: object libraries, one per instruction set from the same sources and one of the rest of what runs
# on the host, and a provider for CUDA. The tests link the same objects with an emulated provider.

set(GRADMIMIC_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers -Wno-unknown-pragmas)
set(GRADMIMIC_SANITIZERS -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
set(GRADMIMIC_ALL_CUDA_ARCHITECTURES "80-real;90a-real;100")

# What all targets have in common. Properties of the targets, so that a project around this one keeps its own.
function(gradmimic_options target)
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden CUDA_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
  target_compile_definitions(${target} PRIVATE GM_VERSION="${PROJECT_VERSION}")
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C,CXX>:${GRADMIMIC_WARNINGS}>)
  if(GRADMIMIC_WERROR)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C,CXX>:-Werror>)
  endif()
  if(GRADMIMIC_SANITIZE)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C,CXX>:${GRADMIMIC_SANITIZERS}>)
    target_link_options(${target} PRIVATE ${GRADMIMIC_SANITIZERS})
  endif()
endfunction()

# The vectorised kernels compiled for one instruction set, into gm::cpu::<isa>; optimised in Debug too, or
# nothing that is inlined would be, and every test would take minutes.
function(gradmimic_add_isa isa)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/cpu/kernels/*.cpp")
  add_library(gradmimic_${isa} OBJECT ${sources} "${PROJECT_SOURCE_DIR}/src/cpu/table.cpp")
  gradmimic_options(gradmimic_${isa})
  target_compile_definitions(gradmimic_${isa} PRIVATE GM_ISA=${isa})
  target_compile_options(gradmimic_${isa} PRIVATE -O3 ${ARGN})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC's own avx512fintrin.h warns of itself (GCC bug 105593).
    target_compile_options(gradmimic_${isa} PRIVATE -Wno-uninitialized -Wno-maybe-uninitialized)
  endif()
  target_link_libraries(gradmimic_${isa} PRIVATE OpenMP::OpenMP_CXX)
  set_property(GLOBAL APPEND PROPERTY GRADMIMIC_HOST_OBJECTS $<TARGET_OBJECTS:gradmimic_${isa}>)
endfunction()

function(gradmimic_add_host)
  file(GLOB sources CONFIGURE_DEPENDS
    "${PROJECT_SOURCE_DIR}/src/base/*.cpp" "${PROJECT_SOURCE_DIR}/src/api/*.cpp" "${PROJECT_SOURCE_DIR}/src/cpu/*.cpp"
    "${PROJECT_SOURCE_DIR}/src/reference/*.cpp")
  list(FILTER sources EXCLUDE REGEX "/cpu/table\\.cpp$")
  add_library(gradmimic_host OBJECT ${sources})
  gradmimic_options(gradmimic_host)
  target_compile_options(gradmimic_host PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O2>)
  target_link_libraries(gradmimic_host PRIVATE OpenMP::OpenMP_CXX)
  set_property(GLOBAL APPEND PROPERTY GRADMIMIC_HOST_OBJECTS $<TARGET_OBJECTS:gradmimic_host>)
  gradmimic_add_isa(portable)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    gradmimic_add_isa(avx2 -mavx2 -mfma -mf16c)
    gradmimic_add_isa(avx512 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx2 -mfma -mf16c -mprefer-vector-width=512)
    target_compile_definitions(gradmimic_host PRIVATE GM_X86)
  endif()
endfunction()

# GRADMIMIC_CUDA_ARCHITECTURES as nvcc is to have them.
function(gradmimic_cuda_architectures result)
  set(architectures "${GRADMIMIC_CUDA_ARCHITECTURES}")
  if(architectures STREQUAL "native")
    # Where there is no GPU CMake's variable is empty or holds what its program said of that.
    if(CMAKE_CUDA_ARCHITECTURES_NATIVE MATCHES "^[0-9]+(-real)?(;[0-9]+(-real)?)*$")
      set(architectures "${CMAKE_CUDA_ARCHITECTURES_NATIVE}")
    else()
      set(architectures "${GRADMIMIC_ALL_CUDA_ARCHITECTURES}")
    endif()
  endif()
  # Whatever runs the code of sm_90 runs that of sm_90a, which alone has wgmma.
  list(TRANSFORM architectures REPLACE "^90-real$" "90a-real")
  list(TRANSFORM architectures REPLACE "^90$" "90a-real;90-virtual")
  set(${result} "${architectures}" PARENT_SCOPE)
endfunction()

function(gradmimic_add_cuda)
  if(NOT GRADMIMIC_CUDA OR NOT CMAKE_CUDA_COMPILER)
    target_sources(gradmimic PRIVATE "${PROJECT_SOURCE_DIR}/src/cuda/none.cpp")
    return()
  endif()
  gradmimic_cuda_architectures(architectures)
  if(architectures MATCHES "90a")
    target_compile_definitions(gradmimic PRIVATE GM_SM90A)
  endif()
  message(STATUS "gradmimic: CUDA ${CUDAToolkit_VERSION} for ${architectures}")
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/cuda/*.cu")
  target_sources(gradmimic PRIVATE ${sources})
  set_target_properties(gradmimic PROPERTIES CUDA_ARCHITECTURES "${architectures}" CUDA_STANDARD 17
    CUDA_COMPILER_LAUNCHER "${PROJECT_SOURCE_DIR}/../cmake/ptxas_report.sh")
  # For the report of registers and spills, which cuda_spills reads.
  target_compile_options(gradmimic PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:-Xptxas=-v>")
  target_link_libraries(gradmimic PRIVATE CUDA::cudart_static)
endfunction()

function(gradmimic_add_library)
  set_property(GLOBAL PROPERTY GRADMIMIC_HOST_OBJECTS)
  gradmimic_add_host()
  get_property(objects GLOBAL PROPERTY GRADMIMIC_HOST_OBJECTS)
  add_library(gradmimic SHARED ${objects})
  add_library(gradmimic::gradmimic ALIAS gradmimic)
  set_target_properties(gradmimic PROPERTIES LINKER_LANGUAGE CXX)
  gradmimic_options(gradmimic)
  set_target_properties(gradmimic PROPERTIES INSTALL_RPATH "$ORIGIN" BUILD_RPATH "$ORIGIN")
  # No VERSION and SOVERSION: they make libgradmimic.so a symbolic link to a name that the loader looks for
  # instead, and both a jar and a Python wheel can carry files only. gm_abi_version() tells versions apart.
  if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    set(map "${PROJECT_SOURCE_DIR}/../cmake/gradmimic.map")
    target_link_options(gradmimic PRIVATE "LINKER:--version-script=${map}" "LINKER:-z,defs")
    set_target_properties(gradmimic PROPERTIES LINK_DEPENDS "${map}")
  endif()
  target_include_directories(gradmimic INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(gradmimic PRIVATE OpenMP::OpenMP_CXX)
  gradmimic_add_cuda()
endfunction()

function(gradmimic_install)
  install(TARGETS gradmimic EXPORT gradmimicTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/gradmimic" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT gradmimicTargets NAMESPACE gradmimic:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gradmimic)
  include(CMakePackageConfigHelpers)
  configure_package_config_file("${PROJECT_SOURCE_DIR}/../cmake/gradmimicConfig.cmake.in" gradmimicConfig.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gradmimic)
  write_basic_package_version_file(gradmimicConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  file(RELATIVE_PATH GRADMIMIC_PC_TO_INCLUDE "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
  configure_file("${PROJECT_SOURCE_DIR}/../cmake/gradmimic.pc.in" gradmimic.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/gradmimicConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/gradmimicConfigVersion.cmake"
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gradmimic)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/gradmimic.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
