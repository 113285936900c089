#!/usr/bin/env bash
# Gets Arrow's C++ library (pyarrow, about 55 MB) and builds the program with its module for Parquet files.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
install_packages "${rowmill_packages[@]}" "${rowmill_fetch_packages[@]}"
set_up_parquet
build release rowmill
