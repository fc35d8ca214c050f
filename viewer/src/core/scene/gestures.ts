// SPDX-License-Identifier: Apache-2.0
/** A click that is no drag, a double click on nothing, and keys on the canvas. */
import { moveByKey } from './camera';
import type { Stage } from './stage';

const DRAG_PIXELS = 5;

export function onClick(stage: Stage, handle: (x: number, y: number) => void): void {
  const { canvas } = stage;
  let down: { x: number; y: number } | null = null;
  canvas.addEventListener('pointerdown', (event) => {
    down = event.isPrimary && event.button === 0 ? { x: event.clientX, y: event.clientY } : null;
    canvas.focus({ preventScroll: true });
  });
  canvas.addEventListener('pointerup', (event) => {
    if (!down || !event.isPrimary || Math.hypot(event.clientX - down.x, event.clientY - down.y) > DRAG_PIXELS) return;
    const box = canvas.getBoundingClientRect();
    handle(event.clientX - box.left, event.clientY - box.top);
  });
}

/** Keys move the camera; Enter asks what is in the middle. */
export function onCanvasKeys(stage: Stage, handle: (x: number, y: number) => void): void {
  stage.canvas.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter') handle(stage.canvas.clientWidth / 2, stage.canvas.clientHeight / 2);
    else if (!moveByKey(stage.scene, event.key)) return;
    event.preventDefault();
  });
}
