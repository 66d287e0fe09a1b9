#include "textflag.h"
#include "go_asm.h"

// The two passes over the splits of a group, as in shapwalk.go, whose bits they give: the operations are the same, and a
// product is rounded before it is added. Registers, in both passes:
//
//	SI  the split                 R8   Scratch.columns, or Scratch.shares
//	CX  its number, from 1        R9   Scratch.products
//	DI  its slot in products      R10  group.factors
//	BX  its way: 1 to the left    R11  Scratch.lost, or Scratch.sums
//	DX  its block                 R12  Scratch.steps
//	AX  at hand                   R13  group.pairs

#define LOAD(columns, lost) \
	MOVQ trees+0(FP), AX \
	MOVQ group_splits+0(AX), SI \
	MOVQ group_splits+8(AX), CX \
	MOVQ group_factors(AX), R10 \
	MOVQ group_pairs(AX), R13 \
	MOVQ group_points(AX), R15 \
	MOVQ s+8(FP), AX \
	MOVQ columns(AX), R8 \
	MOVQ Scratch_products(AX), R9 \
	MOVQ lost(AX), R11 \
	MOVQ Scratch_steps(AX), R12

// WAY sets BX, and DX to what was lost above.
#define WAY \
	MOVL split_column(SI), AX \
	MOVL split_upper(SI), DX \
	MOVL (R11)(DX*4), DX \
	VMOVSD split_threshold(SI), X0 \
	XORL BX, BX \
	VUCOMISD (R8)(AX*8), X0 \
	SETCC BX

// STEP sets DX to the block, and notes it.
#define STEP \
	ADDL split_factors(SI), DX \
	LEAL (DX)(BX*1), AX \
	MOVL AX, -4(R12)(CX*4)

// NOTED sets BX and DX to what STEP noted.
#define NOTED \
	MOVL -4(R12)(CX*4), DX \
	MOVL DX, BX \
	ANDL $1, BX \
	XORL BX, DX

// ADD adds up the lanes of Y5 and Y6, multiplies with z, and adds it to the share of the feature.
#define ADD(z) \
	VEXTRACTF128 $1, Y5, X6 \
	VADDPD X6, X5, X5 \
	VUNPCKHPD X5, X5, X6 \
	VADDSD X6, X5, X5 \
	VMULSD z, X5, X5 \
	MOVL split_column(SI), AX \
	VADDSD (R8)(AX*8), X5, X5 \
	VMOVSD X5, (R8)(AX*8)

// func descendVectors(trees *group, s *Scratch)
TEXT ·descendVectors(SB), NOSPLIT, $0-16
	LOAD(Scratch_columns, Scratch_lost)
	MOVQ CX, AX
	SHLQ $6, AX
	LEAQ (R9)(AX*1), DI
	LEAQ -64(SI)(AX*1), SI

down:
	CMPQ CX, R13
	JLE  downPairs
	WAY
	LEAQ (BX)(CX*2), AX
	MOVL DX, (R11)(AX*4)
	XORQ $1, AX
	MOVL $const_blockSize, (R11)(AX*4)
	STEP
	VBROADCASTSD split_shares(SI)(BX*8), Y0 // z
	MOVL split_children(SI)(BX*4), AX // hot
	XORL $1, BX
	MOVL split_children(SI)(BX*4), BX // cold
	VMULPD (R10)(DX*8), Y0, Y1
	VMOVUPD (DI), Y3
	VMULPD Y3, Y1, Y1
	VMOVUPD Y1, (R9)(BX*8)
	VSUBPD Y1, Y3, Y3
	VMOVUPD Y3, (R9)(AX*8)
	CMPQ R15, $4
	JLE  downNext
	VMULPD 32(R10)(DX*8), Y0, Y2
	VMOVUPD 32(DI), Y4
	VMULPD Y4, Y2, Y2
	VMOVUPD Y2, 32(R9)(BX*8)
	VSUBPD Y2, Y4, Y4
	VMOVUPD Y4, 32(R9)(AX*8)

downNext:
	SUBQ $64, SI
	SUBQ $64, DI
	DECQ CX
	JMP  down

downPairs:
	TESTQ CX, CX
	JEQ  downDone
	WAY
	STEP
	SUBQ $64, SI
	DECQ CX
	JMP  downPairs

downDone:
	VZEROUPPER
	RET

// func ascendVectors(trees *group, s *Scratch)
TEXT ·ascendVectors(SB), NOSPLIT, $0-16
	LOAD(Scratch_shares, Scratch_sums)
	MOVQ CX, R14 // the last
	MOVQ $1, CX
	LEAQ 64(R9), DI
	LEAQ 64(R11), R9 // the slot in sums

upPairs:
	CMPQ CX, R13
	JGT  up
	NOTED
	VBROADCASTSD split_values(SI)(BX*8), Y0 // hot
	VMOVSD split_shares(SI)(BX*8), X2
	XORL $1, BX
	VSUBSD split_values(SI)(BX*8), X0, X1
	VMULSD X1, X2, X2
	VBROADCASTSD X2, Y1 // z (T_hot - T_cold)
	VMULPD (R10)(DX*8), Y1, Y3
	VSUBPD Y3, Y0, Y3
	VMOVUPD Y3, (R9)
	VMOVUPD (DI), Y5
	VMULPD 64(R10)(DX*8), Y5, Y5
	CMPQ R15, $4
	JLE  upPair
	VMULPD 32(R10)(DX*8), Y1, Y4
	VSUBPD Y4, Y0, Y4
	VMOVUPD Y4, 32(R9)
	VMOVUPD 32(DI), Y6
	VMULPD 96(R10)(DX*8), Y6, Y6
	VADDPD Y6, Y5, Y5

upPair:
	ADD(X2)
	ADDQ $64, SI
	ADDQ $64, DI
	ADDQ $64, R9
	INCQ CX
	JMP  upPairs

up:
	CMPQ CX, R14
	JGT  upDone
	NOTED
	VBROADCASTSD split_shares(SI)(BX*8), Y2 // z
	VBROADCASTSD split_values(SI)(BX*8), Y0 // hot
	MOVL split_children(SI)(BX*4), AX
	XORL $1, BX
	VBROADCASTSD split_values(SI)(BX*8), Y1 // cold
	MOVL split_children(SI)(BX*4), BX
	VADDPD (R11)(AX*8), Y0, Y3
	VADDPD (R11)(BX*8), Y1, Y5
	VSUBPD Y5, Y3, Y5
	VMULPD (R10)(DX*8), Y2, Y7
	VMULPD Y5, Y7, Y7
	VSUBPD Y7, Y3, Y3
	VMOVUPD Y3, (R9)
	VMULPD (DI), Y5, Y5
	VMULPD 64(R10)(DX*8), Y5, Y5
	CMPQ R15, $4
	JLE  upNext
	VADDPD 32(R11)(AX*8), Y0, Y4
	VADDPD 32(R11)(BX*8), Y1, Y6
	VSUBPD Y6, Y4, Y6
	VMULPD 32(R10)(DX*8), Y2, Y8
	VMULPD Y6, Y8, Y8
	VSUBPD Y8, Y4, Y4
	VMOVUPD Y4, 32(R9)
	VMULPD 32(DI), Y6, Y6
	VMULPD 96(R10)(DX*8), Y6, Y6
	VADDPD Y6, Y5, Y5

upNext:
	ADD(X2)
	ADDQ $64, SI
	ADDQ $64, DI
	ADDQ $64, R9
	INCQ CX
	JMP  up

upDone:
	VZEROUPPER
	RET
