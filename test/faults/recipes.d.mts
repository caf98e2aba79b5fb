import type { Recipe } from 'sluice';

export const recipes: Readonly<Record<string, Recipe>>;
