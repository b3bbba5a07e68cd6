import { describe, expect, it } from 'vitest';
import type { Execution } from '../../../domain/step.ts';
import { imageOf } from './image.ts';
import { sampleOrder, sampleSettings } from './sample-orders.ts';

const fallback: Execution = { mode: 'fallback', command: 'true', reasons: ['it has run:'], digest: 'd' };

describe('the image of a step', () => {
  it('is its own, else the default one', () => {
    expect(imageOf(sampleOrder({ container: 'redis:7' }).spec, sampleSettings).image).toBe('redis:7');
    expect(imageOf(sampleOrder().spec, sampleSettings).image).toBe('python:3.12-slim');
    expect(() => imageOf(sampleOrder().spec, {})).toThrow(expect.objectContaining({ code: 'image-missing' }));
  });

  it('is one with Snakemake for a fallback step, whatever its rule names', () => {
    const { spec } = sampleOrder({ execution: fallback, container: 'redis:7' });
    expect(imageOf(spec, sampleSettings).image).toBe('konverge/snakemake:1');
    expect(imageOf(spec, { defaultImage: 'mine:1' }).image).toBe('mine:1');
    expect(() => imageOf(spec, {})).toThrow(/it has run:/);
  });

  it.each(['shub://a/b', 'library://a/b:1', 'images/a.sif'])('is in a registry, which %s is not', (container) => {
    expect(() => imageOf(sampleOrder({ container }).spec, sampleSettings)).toThrow(
      expect.objectContaining({ code: 'image-missing', message: expect.stringContaining(container) }),
    );
  });
});
