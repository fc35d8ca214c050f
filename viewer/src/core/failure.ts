// SPDX-License-Identifier: Apache-2.0
/** A failure in words for the page. */
import { ApiError } from './client';
import { t } from './i18n';

export function wordsOf(error: unknown): string {
  if (!(error instanceof ApiError)) return t('failure.other', { what: String(error) });
  if (error.status === 0) return t('failure.network');
  if (error.status === 401) return t('failure.signin');
  if (error.status === 403) return error.detail || t('failure.forbidden');
  if (error.status === 404) return error.detail || t('failure.missing');
  // What the sender can mend says so itself.
  if (error.status < 500 && error.detail !== '') return error.detail;
  return t('failure.server', { status: error.status, what: error.message });
}
