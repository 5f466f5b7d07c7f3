/**
 * A network on a device whose weights several models of the same shape share in turns: device memory is that of one
 * model, however many predict.
 * This module is browser compatible.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import type { StateDict } from "../tensor.ts";
import type { UNetConfig } from "../unet/config.ts";
import type { WeightsSource } from "../unet/weights_source.ts";
import { UNet } from "../unet/unet.ts";

/** A model that may be on the device. */
export interface Occupant {
  /** Its weights; null for the only one, which stays. */
  readonly state: StateDict | null;
}

/** The network and whose weights it has. Callers take turns: a model must be done before the next one begins. */
export class NetworkSlot {
  readonly #unet: UNet;
  #occupant: Occupant;

  private constructor(unet: UNet, occupant: Occupant) {
    this.#unet = unet;
    this.#occupant = occupant;
  }

  /**
   * Uploads the weights of the first model.
   *
   * @throws as `UNet.create`
   */
  static async create(
    gpu: Gpu,
    network: UNetConfig,
    weights: { readonly state: StateDict } | { readonly source: WeightsSource },
    occupant: Occupant,
  ): Promise<NetworkSlot> {
    return new NetworkSlot(await UNet.create(gpu, network, weights), occupant);
  }

  /** The network with the weights of a model, until the next call. */
  with(occupant: Occupant): UNet {
    if (occupant !== this.#occupant && occupant.state !== null) {
      this.#unet.loadStateDict(occupant.state);
      this.#occupant = occupant;
    }
    return this.#unet;
  }

  /** Frees the network's memory. */
  close(): void {
    this.#unet.close();
  }
}
