// SPDX-License-Identifier: Apache-2.0
/** Where the device is. What it tells is WGS 84 by the standard, and is passed on as that. */
import { wordsOf } from '../core/failure';
import { t } from '../core/i18n';
import { Store } from '../core/store';
import type { Located } from './api';
import { server } from './server';

export const DEVICE_CRS = 'EPSG:4326';
const PATIENCE_MS = 20_000;

/** `accuracy` in metres, as the device says it. */
export interface Here { point: [number, number]; accuracy: number; located: Located }

export const here = new Store<{ busy: boolean; failure: string; found: Here | null }>({ busy: false, failure: '', found: null });

export async function findMe(): Promise<void> {
  if (here.state.busy) return;
  const missing = whatIsMissing();
  if (missing !== '') {
    here.set({ failure: missing, found: null });
    return;
  }
  here.set({ busy: true, failure: '', found: null });
  try {
    const { coords } = await new Promise<GeolocationPosition>((resolve, reject) => {
      navigator.geolocation.getCurrentPosition(resolve, (error) => { reject(new Error(error.code === error.PERMISSION_DENIED ? t('grid.here_denied') : t('grid.here_failed'))); },
        { enableHighAccuracy: true, timeout: PATIENCE_MS, maximumAge: 10_000 });
    });
    const point: [number, number] = [coords.longitude, coords.latitude];
    const located = await server.locate({ point: point.join(','), crs: DEVICE_CRS });
    here.set({ busy: false, found: { point, accuracy: coords.accuracy, located } });
  } catch (error) {
    here.set({ busy: false, failure: error instanceof Error && error.name === 'Error' && !('status' in error) ? error.message : wordsOf(error) });
  }
}

function whatIsMissing(): string {
  if (!window.isSecureContext) return t('grid.here_insecure', { origin: location.origin });
  return 'geolocation' in navigator ? '' : t('grid.here_missing');
}
