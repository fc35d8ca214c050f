// SPDX-License-Identifier: Apache-2.0
/** What was typed into a field of a form, trimmed; a field that is not there, or is a file, is empty. */
export function typed(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value.trim() : '';
}
