/* SPDX-License-Identifier: MIT
 *
 * What the isolation tests have visor hold and then look for.
 */
#ifndef TESTS_VISOR_SECRET_H
#define TESTS_VISOR_SECRET_H

#define SECRET_SI 0x5ec2e7a1
#define SECRET_DI 0x9d3bf067

#endif
