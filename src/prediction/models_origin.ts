/**
 * One model or several in results.
 *
 * @module
 */
import { hashBytes } from "../fs/hash_bytes.ts";
import { type LoadedModel, type ModelOrigin, modelOrigin } from "./load_model.ts";

/** Describes the first model and, if there are several, each of them. */
export function modelsOrigin(
  models: readonly LoadedModel[],
): { readonly model: ModelOrigin; readonly models?: readonly ModelOrigin[] } {
  const origins = models.map(modelOrigin);
  const [model] = origins as [ModelOrigin];
  return origins.length === 1 ? { model } : { model, models: origins };
}

/** A SHA-256 that tells these models from others: of one, that of its file. */
export function modelsHash(models: readonly LoadedModel[]): string {
  const hashes = models.map(({ sha256 }) => sha256);
  return hashes.length === 1 ? hashes[0]! : hashBytes(new TextEncoder().encode(hashes.join("\n")));
}
