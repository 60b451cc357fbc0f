# lib/: freestanding helpers that two parts really share
