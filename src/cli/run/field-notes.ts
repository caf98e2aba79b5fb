import { existingIn } from '../../operators/annotators/existing.ts';
import type { ReadOptions } from '../../streams/inputs/read-options.ts';
import type { Json, StepDescriptor } from '../../streams/operator.ts';
import { metadataField, missingFields, type NamedField } from '../../streams/plan/missing-fields.ts';
import type { PlannedFile } from '../../streams/plan/splits.ts';

/** As `missingFields`, with what steps read of the metadata. */
export const fieldNotes = (
  files: AsyncIterable<PlannedFile> | Iterable<PlannedFile>,
  read: ReadOptions,
  steps: readonly StepDescriptor[],
): Promise<string[]> => missingFields(files, read, fieldsOfSteps(steps));

/** Options of steps whose value is `metadata.<field>`, at any depth, and columns that a recipe takes from its input. */
function fieldsOfSteps(steps: readonly StepDescriptor[]): NamedField[] {
  const fields: NamedField[] = existingIn(steps).map((field) => ({ field, option: 'columns of the recipe' }));
  const look = (value: Json, option: string): void => {
    if (typeof value === 'string' && /^metadata\.\S+$/.test(value)) fields.push(...metadataField(value, option));
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) look(inner, Array.isArray(value) ? option : `${option}.${key}`);
  };
  for (const { step, options } of steps) look(options, step);
  return fields;
}
