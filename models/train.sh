#!/bin/sh
# Trains the model that comes with the program, from a dataset folder; the data stay outside of the project's files:
#   sh models/train.sh dataset/brain
# TRAIN_FLAGS replaces the size of the network's input, batches and patience; RUN and SPLIT name the folders in between;
# ATTRIBUTION, LICENSE and LICENSE_URL name the source of other data.
set -eu
data=${1:?usage: sh models/train.sh DATASET}
run=${RUN:-runs/brain-tumor}
split=${SPLIT:-dataset/brain-tumor-split}
model=models/brain-tumor

deno task split "$data" --output "$split" --seed 0
# shellcheck disable=SC2086
deno task train --data "$split" --run "$run" --recipe strong --filters 8 --seed 0 --swanlab off --no-tensorboard \
  ${TRAIN_FLAGS:---size 128 --batch-size 8 --patience 15}
deno task evaluate --run "$run" --data "$split" --no-maps
rm -rf "$model.safetensors" "$model".card*
deno task convert "$run/best.safetensors" "$model.safetensors" --precision f16
deno task evaluate --model "$model.safetensors" --data "$split" --no-maps --output "$run-f16"

# The card of the converted model. What it draws are images of the dataset, which stay in "$run-f16".
sed '/"card-images\//d' "$run-f16/card.json" > "$model.card.json"
# Whose data they are; the dataset's own words if it is another one.
deno task card "$model.safetensors" --data "$split" > /dev/null \
  --attribution "${ATTRIBUTION:-public repository RaviRawal13/BT_Detectron2_MaskRCNN, Roboflow export of 2023-06-19}" \
  --license "${LICENSE:-CC BY 4.0}" --license-url "${LICENSE_URL:-https://creativecommons.org/licenses/by/4.0/}"
ls -l models
