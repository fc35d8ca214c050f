// SPDX-License-Identifier: Apache-2.0
/** The engine cannot go on after a lost WebGL context, so the page begins anew: later each time if it keeps happening. */
import type { Scene } from '@cesium/engine';

const KEPT = 'twin.contextLosses';
const CALM_MS = 10 * 60_000;

interface Losses { times: number; last: number }

function recorded(): Losses {
  try {
    const losses = JSON.parse(sessionStorage.getItem(KEPT) ?? '') as Losses;
    return Date.now() - losses.last < CALM_MS ? losses : { times: 0, last: 0 };
  } catch {
    return { times: 0, last: 0 };
  }
}

export function reloadWhenContextIsLost(canvas: HTMLCanvasElement, scene: Scene): void {
  let leaving = false;
  const reload = (): void => {
    if (leaving) return;
    leaving = true;
    const { times } = recorded();
    sessionStorage.setItem(KEPT, JSON.stringify({ times: times + 1, last: Date.now() }));
    document.documentElement.dataset['recovering'] = 'true';
    window.setTimeout(() => { location.reload(); }, Math.min(60_000, 1_000 * 2 ** times));
  };
  canvas.addEventListener('webglcontextlost', (event) => {
    event.preventDefault();
    reload();
  });
  // The engine's own error comes before the browser's event, and stops its drawing.
  scene.renderError.addEventListener(reload);
}
