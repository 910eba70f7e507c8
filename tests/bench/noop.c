/* SPDX-License-Identifier: Apache-2.0 */
/* The small dynamic program that the bench's `exec` and `spawn` start: it does nothing. */
int main(void)
{
	return 0;
}
