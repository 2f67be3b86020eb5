// The test programs' precompiled header: the standard headers and GoogleTest.
#pragma once
#include <gtest/gtest.h>
#include "pch.h"
