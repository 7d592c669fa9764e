#!/bin/bash
# Makes the runs and sweeps of tests/assets/earlier anew, with the command LEYDEN, in /tmp/earlier:
#     make_earlier.sh LEYDEN [FOLDER]
# and keeps in FOLDER what its README.md says.
set -mu
leyden=$1 sweeps=outputs/sweep
rm -rf /tmp/earlier && mkdir -p /tmp/earlier/data && cd /tmp/earlier || exit 1
export OMP_NUM_THREADS=1

awk 'BEGIN { print "rooms,city,price"
    for (i = 0; i < 120; i++) print i % 7 "," (i % 3 ? "Delft" : "Gouda") "," i * 1.5 }' > data/houses.csv
awk 'BEGIN { for (i = 1; i <= 300; i++) print i " times " i " is " i * i "." }' > data/squares.txt

quiet="trainer.accelerator=cpu trainer.log_every_n_steps=1 callbacks.graph=null
    callbacks.predictions=null callbacks.samples.num_tokens=20"
plain="callbacks.best=null logger.tensorboard=null"  # smaller folders
run() { folder=$1; shift; "$leyden" train run_dir="$folder" $quiet "$@"; echo "$folder: status $?"; }
stopped_at() { LEYDEN_FAULT=SIGTERM@step:$1 run "${@:2}"; }  # the signal comes before this step

mlp="model.width=8 model.dropout=0.2 data.translate=1 data.batch_size=200 trainer.max_epochs=3
    callbacks.weight_averaging.decay=0.9 callbacks.early_stopping.patience=5"
gpt="model=gpt data=text data.path=data/squares.txt model.width=8 model.depth=1 model.head_dim=8
    model.dropout=0.1 data.context=16 data.batch_size=8 optimizer=adamw trainer.max_steps=21"
two="strategy=ddp trainer.devices=2 model.width=8 model.dropout=0.2 data.batch_size=200
    trainer.max_epochs=2 $plain"
parts="$plain strategy=fsdp trainer.devices=2 model.width=8 data.batch_size=200
    trainer.max_epochs=2"
run mlp $mlp
stopped_at 10 mlp_stopped $mlp
run cnn $plain model=cnn data=sunspots model.width=2 model.norm=batch \
    optimizer=momentum scheduler=plateau trainer.max_epochs=3
run resnet $plain model=resnet model.width=1 data.batch_size=200 optimizer=nesterov \
    task.mixup=0.3 scheduler=one_cycle trainer.max_epochs=1
run vgg $plain model=vgg model.width=1 data.batch_size=200 optimizer=adam \
    scheduler=wsd task.label_smoothing=0.1 trainer.max_epochs=1
run rnn $plain model=rnn data=text data.path=data/squares.txt data.stream=true \
    model.width=8 data.context=16 data.batch_size=8 optimizer=rmsprop trainer.max_epochs=2
run gpt $gpt
stopped_at 12 gpt_stopped $gpt
run gpt_stdlib $plain model=gpt data=stdlib_text data.max_bytes=20000 model.width=8 \
    model.depth=1 model.head_dim=8 data.context=16 data.batch_size=8 trainer.max_steps=5
run table $plain data=csv data.path=data/houses.csv data.target=price model.width=8 \
    optimizer=lion trainer.max_epochs=5
run ddp $two
stopped_at 10 ddp_stopped $two
run fsdp $parts trainer.sharded_checkpoints=false
stopped_at 10 fsdp_sharded $parts trainer.sharded_checkpoints=true
run diverged $plain data=blobs data.num_samples=200 model.width=8 optimizer=sgd \
    optimizer.lr=1e30 trainer.gradient_clip_val=null trainer.max_epochs=3
LEYDEN_FAULT=EIO@step:7 run failed data=blobs data.num_samples=200 model.width=8 \
    trainer.max_epochs=3 resume.every_steps=4 logger.tensorboard=null

small="data=blobs data.num_samples=200 model.width=8 trainer.max_steps=600 resume.every_steps=100
    resume.keep=1 trainer.check_val_every_n_epoch=20 trainer.log_every_n_steps=50
    trainer.accelerator=cpu callbacks.graph=null callbacks.predictions=null $plain"
sweep="-m $small hydra.launcher.slots=1 optimizer=sgd,adamw sweep.repeat.seed=2
    trainer.gradient_clip_val=null sweep.list=[{optimizer:sgd,optimizer.lr:1e30}]"
search="-m $small hydra.launcher.slots=1 hydra/sweeper=optuna hydra.sweeper.n_trials=4
    optimizer.lr=tag(log,interval(1e-4,1e-1)) model.activation=relu,gelu"
stop_when() {  # FILES COMMAND: Ctrl-C as soon as such a file is there
    "${@:2}" & pid=$!
    until compgen -G "$1" > /dev/null || ! kill -0 $pid; do sleep 0.01; done
    kill -INT $pid; wait $pid; echo "stopped: status $?"
}
"$leyden" generate gpt --prompt "12 times" --seed 1 --json > generated.json

stop_when "$sweeps/*/adamw*/checkpoints/step-?00.ckpt" "$leyden" train $sweep
mv $sweeps/* sweep_stopped
"$leyden" train $sweep; echo "sweep: status $?"; mv $sweeps/* sweep
stop_when "search/002_*/checkpoints/step-?00.ckpt" "$leyden" train run_dir=search $search
mv search search_stopped
"$leyden" train run_dir=search $search; echo "search: status $?"
"$leyden" train run_dir=stacked -m $small hydra/launcher=stacked optimizer=sgd,adamw
echo "stacked: status $?"

[ $# = 1 ] && exit
rm -r outputs
for checkpoints in s*/*/checkpoints; do  # of a sweep's jobs the third, or the only two
    [[ $checkpoints =~ (adamw_seed0|/002|stacked) ]] || rm -r "$checkpoints"
done
for report in */report; do rm -r "$report"/{tensorboard,*.html,*.png,*.tex}; done
cp mlp/code.json . && rm ./*/code.json ./s*/*/code.json
find . -name '*.lock' -delete
find . -name train.log -exec sed -i -E -e /litlogger/d \
    -e 's#"/[^"]*/(site-packages|lib|src)/#"/\1/#; s# /[^ ]*/site-packages/# /site-packages/#' {} +
rm -rf "$2" && cp -r . "$2"
