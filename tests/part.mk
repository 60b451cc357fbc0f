# tests: each part's guest programs and unit tests

tests:
include $(wildcard tests/*/part.mk)
.PHONY: tests
