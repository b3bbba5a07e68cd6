import { agent } from './agent/recipe.ts';
import { apps } from './apps/recipe.ts';
import { bcftools } from './bcftools/recipe.ts';
import { busybox } from './busybox/recipe.ts';
import { bwa } from './bwa/recipe.ts';
import { flux } from './flux/recipe.ts';
import { fluxView } from './flux-view/recipe.ts';
import { lammps } from './lammps/recipe.ts';
import { mpi } from './mpi/recipe.ts';
import { mpis } from './mpis/recipe.ts';
import { pause } from './pause/recipe.ts';
import { peer } from './peer/recipe.ts';
import type { ImageName, ImageRecipe } from './recipe.ts';
import { redis } from './redis/recipe.ts';
import { samtools } from './samtools/recipe.ts';
import { snakemake } from './snakemake/recipe.ts';

/** Every image; the first one is what each pod needs. */
export const recipes: readonly ImageRecipe[] = [
  pause,
  busybox,
  agent,
  apps,
  redis,
  bwa,
  samtools,
  bcftools,
  snakemake,
  mpi,
  mpis,
  lammps,
  flux,
  fluxView,
  peer,
];

/** Large, and for few tests: a cluster has them when it is asked to. */
export const optionalImages: readonly ImageName[] = ['mpi', 'mpis', 'lammps', 'flux', 'flux-view', 'peer'];

/** Of these, what only a measurement needs. */
export const benchImages: readonly ImageName[] = ['peer'];
