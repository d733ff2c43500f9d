"""tsgm's variational autoencoder of time series, `vae_conv5`, on Keras with PyTorch below it."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import tsgm

from bench.curves.peers.process import Budget, Curves, Generate, run

N_LATENT = 10


class _StopWhenSpent(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self._budget = budget

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002
        if self._budget.is_spent:
            self.model.stop_training = True


def train(curves: Curves, budget: Budget, seed: int) -> Generate:
    """Trains with the settings of the library's own tutorial."""
    keras.utils.set_random_seed(seed)
    n_points = curves.shape[1]
    scaler = tsgm.utils.TSFeatureWiseScaler()
    scaled = scaler.fit_transform(curves[:, :, np.newaxis]).astype(np.float32)
    architecture = tsgm.models.zoo["vae_conv5"](n_points, 1, N_LATENT)
    model = tsgm.models.cvae.BetaVAE(architecture.encoder, architecture.decoder)
    model.compile(optimizer=keras.optimizers.Adam())
    model.fit(scaled, epochs=10**9, batch_size=64, verbose=0, callbacks=[_StopWhenSpent(budget)])

    def generate(count: int) -> Curves:
        made = keras.ops.convert_to_numpy(model.generate(count))
        back: Curves = scaler.inverse_transform(made)[:, :, 0]
        return back

    return generate


if __name__ == "__main__":
    run(train)
